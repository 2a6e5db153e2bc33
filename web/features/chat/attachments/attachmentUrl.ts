/** Where an attachment is fetched from; with `download`, to be saved. */
export function attachmentUrl(session: string, id: string, download = false): string {
  const path = `/api/sessions/${encodeURIComponent(session)}/attachments/${encodeURIComponent(id)}`;
  return download ? `${path}?download` : path;
}
