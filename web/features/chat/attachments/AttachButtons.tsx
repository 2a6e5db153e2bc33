import { Camera, Paperclip } from "lucide-react";
import { useRef, type InputHTMLAttributes, type ReactNode } from "react";
import { useMedia } from "../../../shared/lib/useMedia.ts";
import { Button } from "../../../shared/ui/Button.tsx";

/** Picks files; on a phone also from the camera. */
export function AttachButtons({ onFiles }: { onFiles(files: File[]): void }) {
  const touch = useMedia("(pointer: coarse)");
  return (
    <>
      <Pick label="Attach files" onFiles={onFiles} testId="attach" multiple>
        <Paperclip size={15} />
      </Pick>
      {touch && (
        <Pick label="Take a photo" onFiles={onFiles} testId="camera" accept="image/*" capture="environment">
          <Camera size={15} />
        </Pick>
      )}
    </>
  );
}

type PickProps = Pick<InputHTMLAttributes<HTMLInputElement>, "multiple" | "accept" | "capture"> & {
  label: string;
  onFiles(files: File[]): void;
  testId: string;
  children: ReactNode;
};

function Pick({ label, onFiles, testId, children, ...rest }: PickProps) {
  const input = useRef<HTMLInputElement>(null);
  return (
    <>
      <Button
        look="quiet"
        square
        aria-label={label}
        title={label}
        data-testid={testId}
        onClick={() => input.current?.click()}
      >
        {children}
      </Button>
      <input
        ref={input}
        type="file"
        hidden
        data-testid={`${testId}-input`}
        onChange={(event) => {
          onFiles([...(event.target.files ?? [])]);
          event.target.value = ""; // the same file can be picked again
        }}
        {...rest}
      />
    </>
  );
}
