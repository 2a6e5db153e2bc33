/** Posts to a peer, and waits for the whole answer. Throws when that is none. */
export async function post(url: string, body = ""): Promise<void> {
  const response = await fetch(url, { method: "POST", body });
  const text = await response.text();
  if (!response.ok) throw new Error(`${url} answered ${response.status}: ${text.slice(0, 500)}`);
}
