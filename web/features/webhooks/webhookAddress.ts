/** Where a webhook is called. */
export function webhookAddress(id: string): string {
  return `${window.location.origin}/hooks/${id}`;
}
