/** Files that are bundled as text (wrangler.toml, `rules`). */
declare module "*.sh" {
  const text: string;
  export default text;
}
