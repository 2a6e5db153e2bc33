/** Shapes of secrets that must not reach a log: vendor keys, bearer tokens, keys in assignments, private keys. */
const SECRETS: [RegExp, string][] = [
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g, "[private key]"],
  [/\bsbh\.hst_[0-9a-z]{26}\.[\w-]{43}/g, "[secret]"],
  [/\b(?:sk|pk|rk)-[A-Za-z0-9_-]{16,}/g, "[secret]"],
  [/\b(?:ghp|gho|ghu|ghs|ghr)_[A-Za-z0-9]{20,}|\bgithub_pat_\w{20,}/g, "[secret]"],
  [/\bxox[abprs]-[A-Za-z0-9-]{10,}/g, "[secret]"],
  [/\bAKIA[0-9A-Z]{16}\b/g, "[secret]"],
  [/\beyJ[\w-]{10,}\.[\w-]{10,}\.[\w-]{10,}/g, "[secret]"],
  [/(\bauthorization:\s*(?:bearer|basic)\s+)[^\s"']+/gi, "$1[secret]"],
  [/(\b\w*(?:api[_-]?key|token|secret|passw(?:or)?d)\w*["']?\s*[=:]\s*["']?)[^\s"',;]{6,}/gi, "$1[secret]"],
];

/** The text without what looks like a secret. */
export function redact(text: string): string {
  return SECRETS.reduce((clean, [shape, mark]) => clean.replace(shape, mark), text);
}
