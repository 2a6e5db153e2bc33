/** The icon of the tab, as SVG: how many need the person, and whether that may be old. */
export function signalIcon(count: number, stale: boolean): string {
  const lamp = stale ? 'fill="none" stroke="#8a939f" stroke-width="2"' : 'fill="#f0b03c"';
  const badge =
    count > 0
      ? `<circle cx="22" cy="22" r="10" fill="#f0b03c"/><text x="22" y="26.5" font-family="sans-serif" font-size="13" font-weight="700" text-anchor="middle" fill="#0e1013">${count > 9 ? "9+" : count}</text>`
      : "";
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="7" fill="#14171b"/><rect x="10" y="3" width="12" height="22" rx="6" fill="none" stroke="#e8eaed" stroke-width="2"/><circle cx="16" cy="9.5" r="3.2" ${lamp}/><path d="M16 25v4M12 29h8" stroke="#e8eaed" stroke-width="2" stroke-linecap="round"/>${badge}</svg>`;
}
