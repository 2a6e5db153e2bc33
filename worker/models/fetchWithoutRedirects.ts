/**
 * A `fetch` that goes where it is told and no further: a server that sends elsewhere must not take the key along.
 * What it answers instead is read as any other refusal.
 */
export const fetchWithoutRedirects: typeof fetch = async (address, init) => {
  const response = await fetch(address, { ...init, redirect: "manual" });
  if (response.status < 300 || response.status >= 400) return response;
  await response.body?.cancel();
  const message =
    "The server sends to another address, and the key does not follow. Set that address itself.";
  return Response.json({ error: { message } }, { status: 400 });
};
