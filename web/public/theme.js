// Before the first paint, so that a remembered theme does not flash. Kept out of the page for the content policy.
try {
  const theme = localStorage.getItem("signalbox.theme");
  if (theme === "dark" || theme === "light") document.documentElement.dataset.theme = theme;
} catch {
  // Storage is blocked: the system's theme applies.
}
