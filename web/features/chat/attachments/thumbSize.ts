const MOST = { width: 280, height: 200 };
const LEAST = 48;
/** The place of a picture whose size nobody told. */
const UNKNOWN = { width: 144, height: 144 };

/** The place that a picture takes in the log, known before it is there, so that nothing moves when it comes. */
export function thumbSize({ width, height }: { width?: number | undefined; height?: number | undefined }): {
  width: number;
  height: number;
} {
  if (width === undefined || height === undefined) return UNKNOWN;
  const scale = Math.min(1, MOST.width / width, MOST.height / height);
  return {
    width: Math.max(LEAST, Math.round(width * scale)),
    height: Math.max(LEAST, Math.round(height * scale)),
  };
}
