import "./main.css";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { startKeyBindings } from "../shared/keys/keyBindings.ts";
import { startTheme } from "../shared/ui/theme.ts";
import { App } from "./App.tsx";
import { startKeepOwner } from "./keepOwner.ts";
import { startViewport } from "./startViewport.ts";

startTheme();
startViewport();
startKeyBindings();
startKeepOwner();

const root = document.getElementById("root");
if (root === null) throw new Error("The page has no #root.");
createRoot(root).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
