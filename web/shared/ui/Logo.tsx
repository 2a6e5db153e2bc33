/** The sign of Signalbox: a signal head with three lamps, the top one lit. */
export function Logo({ size = 20 }: { size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 24 24" fill="none" aria-hidden className="shrink-0">
      <rect
        x="6.75"
        y="0.75"
        width="10.5"
        height="18.5"
        rx="5.25"
        className="stroke-text"
        strokeWidth="1.5"
      />
      <circle cx="12" cy="6" r="2.75" className="fill-waiting" />
      <circle cx="12" cy="13.5" r="2.25" className="stroke-text" strokeWidth="1.5" opacity="0.55" />
      <path d="M12 19.5V23M8.5 23.25h7" className="stroke-text" strokeWidth="1.5" strokeLinecap="round" />
    </svg>
  );
}
