import { Copy, Ellipsis, Link2, Pin, PinOff } from "lucide-react";
import { classes } from "../../shared/lib/classes.ts";
import { copyText } from "../../shared/lib/copyText.ts";
import { Menu, MenuItem } from "../../shared/ui/Menu.tsx";

type MessageMenuProps = {
  text: string;
  pinned: boolean;
  onPin(): void;
  /** The address that shows this chat with its pins. */
  link(): string;
  className?: string;
};

/** What can be done with a message. */
export function MessageMenu({ text, pinned, onPin, link, className }: MessageMenuProps) {
  return (
    <Menu
      trigger={
        <button
          type="button"
          aria-label="What can be done with this message"
          data-testid="message-menu"
          className={classes(
            "flex size-6 shrink-0 items-center justify-center rounded-small text-muted hover:bg-hover hover:text-text touch:size-11",
            className,
          )}
        >
          <Ellipsis size={14} />
        </button>
      }
    >
      <MenuItem icon={<Copy size={14} />} onSelect={() => void copyText(text, "the message")}>
        Copy
      </MenuItem>
      <MenuItem icon={pinned ? <PinOff size={14} /> : <Pin size={14} />} onSelect={onPin}>
        {pinned ? "Unpin" : "Pin"}
      </MenuItem>
      {pinned && (
        <MenuItem icon={<Link2 size={14} />} onSelect={() => void copyText(link(), "the link")}>
          Copy a link with the pins
        </MenuItem>
      )}
    </Menu>
  );
}
