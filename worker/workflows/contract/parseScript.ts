import { parse, type Program } from "acorn";
import * as z from "zod";
import { MAX_SCRIPT_CHARS, type WorkflowMeta } from "../../../protocol/runs.ts";
import { readAnySchema, SchemaProblem } from "../schema/readSchema.ts";
import { JOINED, meter, SPREAD, TICK } from "./meter.ts";
import { readLiteral } from "./readLiteral.ts";
import { ScriptProblem } from "./ScriptProblem.ts";
import { readMeta } from "./readMeta.ts";
import { isType, lineOf, walk } from "./walk.ts";

/** A script that may run: what it says of itself, and the text of its body as a module for the sandbox. */
export type ParsedScript = { meta: WorkflowMeta; module: string };

const FIRST_STATEMENT =
  "A workflow begins with `export const meta = { name: …, description: … }`, before anything else.";

/** Reads a script without running it. Throws a {@link ScriptProblem}. */
export function parseScript(source: string): ParsedScript {
  if (source.length > MAX_SCRIPT_CHARS)
    throw new ScriptProblem(1, `A script has at most ${MAX_SCRIPT_CHARS} characters.`);
  const program = readProgram(source);
  const [first, ...rest] = program.body;
  const declaration =
    first !== undefined && isType(first, "ExportNamedDeclaration") ? first.declaration : null;
  const declared =
    declaration?.type === "VariableDeclaration" && declaration.kind === "const"
      ? declaration.declarations
      : [];
  const [meta] = declared;
  if (
    first === undefined ||
    declared.length !== 1 ||
    meta?.id.type !== "Identifier" ||
    meta.id.name !== "meta" ||
    meta.init == null
  )
    throw new ScriptProblem(first === undefined ? 1 : lineOf(first), FIRST_STATEMENT);
  if (!isType(meta.init, "ObjectExpression"))
    throw new ScriptProblem(lineOf(meta.init), "meta is an object that is written out: `{ name: …, … }`.");
  const read = readMeta(readLiteral(meta.init));
  if (!read.success) throw new ScriptProblem(lineOf(meta.init), sentenceOf(read.error));
  checkArgsSchema(read.data.args, lineOf(meta.init));
  for (const statement of rest) refuseModuleSyntax(statement);
  refuseNames(program);
  return { meta: read.data, module: moduleOf(meter(source, program), first.start) };
}

function checkArgsSchema(schema: WorkflowMeta["args"], line: number): void {
  if (schema === undefined) return;
  try {
    readAnySchema(schema);
  } catch (error) {
    if (error instanceof SchemaProblem) throw new ScriptProblem(line, `meta.args: ${error.message}.`);
    throw error;
  }
}

/** The syntax tree of a script. Throws a {@link ScriptProblem}. */
export function readProgram(source: string): Program {
  try {
    return parse(source, {
      ecmaVersion: "latest",
      sourceType: "module",
      allowReturnOutsideFunction: true,
      locations: true,
    });
  } catch (error) {
    if (error instanceof SyntaxError)
      throw new ScriptProblem(lineOfError(error), `${error.message.replace(/ \(\d+:\d+\)$/, "")}.`);
    if (error instanceof RangeError) throw new ScriptProblem(1, "The script is nested too deeply.");
    throw error;
  }
}

function lineOfError(error: SyntaxError): number {
  const at = z.object({ loc: z.object({ line: z.number() }) }).safeParse(error);
  return at.success ? at.data.loc.line : 1;
}

function refuseModuleSyntax(statement: Program["body"][number]): void {
  if (isType(statement, "ImportDeclaration"))
    throw new ScriptProblem(
      lineOf(statement),
      "A workflow cannot import anything: let an agent do what the module would do.",
    );
  if (statement.type.startsWith("Export"))
    throw new ScriptProblem(
      lineOf(statement),
      "A workflow exports meta alone; its result is what it returns.",
    );
}

const METER = new Set([TICK, SPREAD, JOINED]);

function refuseNames(program: Program): void {
  for (const node of walk(program)) {
    if (isType(node, "ImportExpression") || isType(node, "MetaProperty")) {
      if (isType(node, "MetaProperty") && node.meta.name !== "import") continue; // new.target
      throw new ScriptProblem(
        lineOf(node),
        "A workflow cannot import anything: let an agent do what the module would do.",
      );
    }
    if (isType(node, "Literal") && typeof node.value === "bigint")
      throw new ScriptProblem(lineOf(node), "There are no whole numbers without end (1n) in a workflow.");
    if (isType(node, "Identifier") && METER.has(node.name))
      throw new ScriptProblem(lineOf(node), `The name ${node.name} is taken.`);
    if (isType(node, "DebuggerStatement"))
      throw new ScriptProblem(lineOf(node), "There is no debugger here; use log(…).");
  }
}

/** The body becomes a function, so that it may await and return. Nothing is put before it on a line of its own. */
function moduleOf(metered: string, exportAt: number): string {
  const body = `${metered.slice(0, exportAt)}      ${metered.slice(exportAt + "export".length)}`;
  return `import { tick as ${TICK}, spread as ${SPREAD}, joined as ${JOINED} } from "./meter.js"; export default async function () {${body}\n}\n`;
}

function sentenceOf(error: z.ZodError): string {
  const [issue] = error.issues;
  return `meta.${issue?.path.join(".") ?? ""}: ${issue?.message ?? "is not valid"}.`;
}
