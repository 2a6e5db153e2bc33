import { EnrolDialog } from "../../features/hosts/EnrolDialog.tsx";
import { SpawnDialog } from "../../features/spawn/SpawnDialog.tsx";
import { closeDialog, type OpenDialog } from "../../shared/ui/dialogs.ts";
import { KeysDialog } from "./KeysDialog.tsx";
import { Palette } from "./Palette.tsx";

/** The dialog that is open. */
export default function Dialogs({ dialog }: { dialog: OpenDialog }) {
  switch (dialog.name) {
    case "new":
      return <SpawnDialog onClose={closeDialog} host={dialog.host} cwd={dialog.cwd} />;
    case "enrol":
      return <EnrolDialog onClose={closeDialog} />;
    case "palette":
      return <Palette onClose={closeDialog} />;
    case "keys":
      return <KeysDialog onClose={closeDialog} />;
  }
}
