import "./main.css";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { ApiFailure } from "../shared/api/ApiFailure.ts";
import { startKeyBindings } from "../shared/keys/keyBindings.ts";
import { startTheme } from "../shared/ui/theme.ts";
import { App } from "./App.tsx";
import { startViewport } from "./startViewport.ts";

const queries = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 30_000,
      // Only silence is worth another try; a refusal stays one.
      retry: (failures, error) => failures < 3 && error instanceof ApiFailure && error.status === 0,
    },
  },
});

startTheme();
startViewport();
startKeyBindings();

const root = document.getElementById("root");
if (root === null) throw new Error("The page has no #root.");
createRoot(root).render(
  <StrictMode>
    <QueryClientProvider client={queries}>
      <App />
    </QueryClientProvider>
  </StrictMode>,
);
