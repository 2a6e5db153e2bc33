/** The files of a paste; none when it is text that carries its picture along, as office programs copy it. */
export function pastedFiles(data: Pick<DataTransfer, "files" | "types"> | null): File[] {
  if (data === null) return [];
  const isText = data.types.includes("text/plain") && /text\/(?:html|rtf)/.test(data.types.join(" "));
  return isText ? [] : [...data.files];
}
