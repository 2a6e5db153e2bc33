import { MAX_MODEL_IMAGE_BYTES, MAX_MODEL_IMAGE_SIDE } from "../../../../protocol/limits.ts";

/** Models look at no more than this. */
const SHRUNK_SIDE = 2048;
const QUALITY = 0.9;
/** As browsers and models alike can read them. */
const READABLE = /^image\/(?:png|jpeg|gif|webp)$/;

/**
 * A picture that models take: one that is too large for them, or of a kind that only this device can read, is made anew
 * as a smaller JPEG. Everything else, and what cannot be read here either, stays as it is.
 */
export async function shrinkImage(file: File): Promise<File> {
  if (!file.type.startsWith("image/") || file.type === "image/svg+xml") return file;
  const picture = await createImageBitmap(file).catch(() => null); // not one, or of an unknown kind
  if (picture === null) return file;
  try {
    const side = Math.max(picture.width, picture.height);
    const fits = file.size <= MAX_MODEL_IMAGE_BYTES && side <= MAX_MODEL_IMAGE_SIDE;
    if (fits && READABLE.test(file.type)) return file;
    const scale = Math.min(1, SHRUNK_SIDE / side);
    const [width, height] = [Math.round(picture.width * scale), Math.round(picture.height * scale)];
    const canvas = new OffscreenCanvas(Math.max(1, width), Math.max(1, height));
    const brush = canvas.getContext("2d");
    if (brush === null) return file;
    brush.fillStyle = "#fff"; // a JPEG cannot be seen through
    brush.fillRect(0, 0, canvas.width, canvas.height);
    brush.drawImage(picture, 0, 0, canvas.width, canvas.height);
    const blob = await canvas.convertToBlob({ type: "image/jpeg", quality: QUALITY });
    return new File([blob], `${file.name.replace(/\.[^.]*$/, "")}.jpg`, { type: "image/jpeg" });
  } finally {
    picture.close();
  }
}
