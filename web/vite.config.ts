import tailwindcss from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

const edge = `http://127.0.0.1:${process.env["SIGNALBOX_PORT"] ?? "8787"}`;

export default defineConfig({
  root: import.meta.dirname,
  plugins: [react(), tailwindcss()],
  build: {
    outDir: "../dist/web",
    emptyOutDir: true,
    target: "es2024",
    // The terminal is a chunk of its own, loaded when a terminal is opened.
    chunkSizeWarningLimit: 600,
    // Everything is same-origin and hashed; inlined assets would need a looser content policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  server: {
    host: "127.0.0.1",
    port: 5173,
    strictPort: true,
    // The edge answers only for its own origin, so the proxy speaks in its name.
    proxy: { "/api": { target: edge, ws: true, changeOrigin: true, headers: { origin: edge } } },
  },
});
