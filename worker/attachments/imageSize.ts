/** Width and height of an image in pixels, as its own head tells them; null when it does not. */
export function imageSize(type: string, head: Uint8Array): { width: number; height: number } | null {
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  try {
    const size = READERS[type]?.(view) ?? null;
    return size !== null && size.width > 0 && size.height > 0 ? size : null;
  } catch (error) {
    if (error instanceof RangeError) return null; // the head is cut
    throw error;
  }
}

type Size = { width: number; height: number };

const READERS: Record<string, (view: DataView) => Size | null> = {
  "image/png": (view) => ({ width: view.getUint32(16), height: view.getUint32(20) }),
  "image/gif": (view) => ({ width: view.getUint16(6, true), height: view.getUint16(8, true) }),
  "image/webp": sizeOfWebp,
  "image/jpeg": sizeOfJpeg,
};

function sizeOfWebp(view: DataView): Size | null {
  switch (view.getUint8(15)) {
    case 0x20: // "VP8 "
      return { width: view.getUint16(26, true) & 0x3fff, height: view.getUint16(28, true) & 0x3fff };
    case 0x4c: {
      // "VP8L"
      const bits = view.getUint32(21, true);
      return { width: (bits & 0x3fff) + 1, height: ((bits >> 14) & 0x3fff) + 1 };
    }
    case 0x58: // "VP8X"
      return {
        width: (view.getUint32(24, true) & 0xffffff) + 1,
        height: (view.getUint32(27, true) & 0xffffff) + 1,
      };
    default:
      return null;
  }
}

const ORIENTATION = 0x0112;

/** Walks the segments to the frame's header; a picture that lies on its side is told as it is shown. */
function sizeOfJpeg(view: DataView): Size | null {
  let onItsSide = false;
  for (let at = 2; view.getUint8(at) === 0xff;) {
    const marker = view.getUint8(at + 1);
    if (marker === 0xff) {
      at++; // a fill byte
      continue;
    }
    const length = view.getUint16(at + 2);
    if (marker === 0xe1) onItsSide ||= liesOnItsSide(view, at + 4);
    if (marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc) {
      const [height, width] = [view.getUint16(at + 5), view.getUint16(at + 7)];
      return onItsSide ? { width: height, height: width } : { width, height };
    }
    at += 2 + length;
  }
  return null;
}

/** Whether the Exif block at this place turns the picture by a quarter. */
function liesOnItsSide(view: DataView, at: number): boolean {
  if (view.getUint32(at) !== 0x45786966) return false; // "Exif"
  const tiff = at + 6;
  const little = view.getUint16(tiff) === 0x4949;
  const directory = tiff + view.getUint32(tiff + 4, little);
  const entries = view.getUint16(directory, little);
  for (let index = 0; index < entries; index++) {
    const entry = directory + 2 + index * 12;
    if (view.getUint16(entry, little) === ORIENTATION) return view.getUint16(entry + 8, little) >= 5;
  }
  return false;
}
