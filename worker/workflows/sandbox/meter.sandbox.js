// Runs in the sandbox, before the script. Every loop and function of the script counts what it does here, so that one
// that would never end is ended from within: the process that it shares with others cannot stop it.

/** As much as a script may do between its beginning and its end: some hundred million operations. */
const MOST_WORK = 50_000_000;
/** Bytes that it may ask for in one piece or many, by the ways that make much of little. */
const MOST_BYTES = 96 * 1024 * 1024;
/** A text is counted each time that it grows beyond this. */
const LONG_TEXT = 1024 * 1024;

// A script may put its own in the place of any of them.
const { apply, construct } = Reflect;
const { isArray } = Array;
const toNumber = Number;

let work = 0;
let bytes = 0;
let problem = null;

class TooMuch extends Error {}

export function tick(cost) {
  work += cost;
  if (work > MOST_WORK)
    stop(
      "The script does too much by itself: an endless loop? Let agents do the work, and loop over their answers.",
    );
}

/** What is to be spread, counted. */
export function spread(value) {
  if (typeof value === "string" || isArray(value)) take(value.length * 8);
  return value;
}

/** What was put together, counted once it is long. */
export function joined(value) {
  if (typeof value === "string" && value.length > LONG_TEXT) take(value.length);
  return value;
}

/** Why the script was stopped, or null. One that catches the error is stopped all the same. */
export function stopped() {
  return problem;
}

function take(count) {
  if (!(count > 0)) return;
  bytes += count;
  if (bytes > MOST_BYTES)
    stop("The script makes too much of what it holds in memory. Let agents keep what is large, in files.");
}

function stop(why) {
  problem ??= why;
  throw new TooMuch(problem);
}

/** Puts a count before a method. */
function counted(owner, name, cost) {
  const method = owner[name];
  if (typeof method !== "function") return;
  Object.defineProperty(owner, name, {
    configurable: true,
    writable: true,
    value: {
      [name](...given) {
        take(cost(this, given));
        return apply(method, this, given);
      },
    }[name],
  });
}

/** Puts a count behind a method that makes a text: how long it is depends on what it finds. */
function countedText(name) {
  const method = String.prototype[name];
  Object.defineProperty(String.prototype, name, {
    configurable: true,
    writable: true,
    value: {
      [name](...given) {
        return joined(apply(method, this, given));
      },
    }[name],
  });
}

const lengthOf = (value) => toNumber(value?.length ?? value?.size ?? 0) || 0;
const width = 8;

function lengthOfAll(values) {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += lengthOf(values[i]);
  return sum;
}

counted(String.prototype, "repeat", (text, [times]) => lengthOf(text) * toNumber(times));
counted(String.prototype, "padStart", (_, [length]) => toNumber(length));
counted(String.prototype, "padEnd", (_, [length]) => toNumber(length));
counted(String.prototype, "split", (text) => lengthOf(text));
for (const name of ["concat", "replace", "replaceAll"]) countedText(name);
for (const name of [
  "fill",
  "flat",
  "slice",
  "splice",
  "toSpliced",
  "toReversed",
  "toSorted",
  "with",
  "map",
  "copyWithin",
])
  counted(Array.prototype, name, (list) => lengthOf(list) * width);
counted(Array.prototype, "concat", (list, rest) => (lengthOf(list) + lengthOfAll(rest)) * width);
counted(Array.prototype, "join", (list, [by]) => lengthOf(list) * (1 + lengthOf(by ?? ",")));
counted(Array, "from", (_, [source]) => lengthOf(source) * width);
counted(globalThis, "structuredClone", (_, [value]) => lengthOf(value) * width);

/** Puts a count before a constructor; the prototype stays the one that literals have. */
function countedClass(name, cost) {
  const Real = globalThis[name];
  if (typeof Real !== "function") return;
  const counting = function (...given) {
    take(cost(given));
    return new.target === undefined
      ? apply(Real, undefined, given)
      : construct(Real, given, new.target === counting ? Real : new.target);
  };
  Object.defineProperty(counting, "name", { value: name });
  for (const key of Reflect.ownKeys(Real))
    if (!["length", "name", "prototype", "caller", "arguments"].includes(key))
      Object.defineProperty(counting, key, Object.getOwnPropertyDescriptor(Real, key));
  counting.prototype = Real.prototype;
  Object.defineProperty(Real.prototype, "constructor", {
    configurable: true,
    writable: true,
    value: counting,
  });
  globalThis[name] = counting;
}

const size = ([first]) =>
  typeof first === "number" ? first : lengthOf(first) || toNumber(first?.byteLength ?? 0);
countedClass("Array", (given) => (given.length === 1 && typeof given[0] === "number" ? given[0] * width : 0));
countedClass("ArrayBuffer", size);
for (const name of [
  "Int8Array",
  "Uint8Array",
  "Uint8ClampedArray",
  "Int16Array",
  "Uint16Array",
  "Int32Array",
  "Uint32Array",
  "Float16Array",
  "Float32Array",
  "Float64Array",
])
  countedClass(name, (given) => size(given) * width);
countedClass("Map", size);
countedClass("Set", size);
