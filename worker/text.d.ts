/** Files that are bundled as text (wrangler.toml, `rules`). */
declare module "*.sh" {
  const text: string;
  export default text;
}

/** Workflow scripts. */
declare module "*.workflow.js" {
  const text: string;
  export default text;
}
/** What runs beside a script in the sandbox. */
declare module "*.sandbox.js" {
  const text: string;
  export default text;
}
