import { defineConfig } from "drizzle-kit";

const OBJECTS = ["session", "host", "hub", "clock"];

/** `OBJECT=session npx drizzle-kit generate` for an object's own SQLite; without it, for D1. */
const object = process.env.OBJECT;
if (object !== undefined && !OBJECTS.includes(object))
  throw new Error(`OBJECT is one of ${OBJECTS.join(", ")}`);

export default object === undefined
  ? defineConfig({ dialect: "sqlite", schema: "./worker/db/schema.ts", out: "./migrations" })
  : defineConfig({
      dialect: "sqlite",
      driver: "durable-sqlite",
      schema: `./durable-objects/${object}/schema.ts`,
      out: `./durable-objects/${object}/migrations`,
    });
