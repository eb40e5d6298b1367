// Objects whose state is not in their properties, of this realm or of another: what is kept of them, and which are refused.
// What an object is, is told by what it is inside: constructors, prototypes and tags differ between realms, and may lie.

import { Buffer } from 'node:buffer';
import { types } from 'node:util';
import { isGone } from '../../binding/arguments.js';
import { ERROR_CLASSES, ErrorParts, RegExpParts, SetParts } from './message-pack.js';
import { Refusal } from './refusal.js';

type CopyMember = (member: unknown, step: string | number) => unknown;
type ToJSON = (this: object) => unknown;

// Kept from the start: later, fake timers may put a class of their own in the place of Date.
const BuiltInDate = Date;
const dateToJSON = Date.prototype.toJSON;

/** Whether it is the `Object.prototype` of some realm. */
export function isPlainPrototype(prototype: object): boolean {
  return (
    prototype === Object.prototype ||
    (Object.getPrototypeOf(prototype) === null &&
      Object.hasOwn(prototype, 'isPrototypeOf') &&
      nativeConstructorOf(prototype) === 'Object')
  );
}

/** The `toJSON` of a value, but for those that dates and Buffers have by themselves. */
export function toJSONOf(value: object): ToJSON | undefined {
  const { toJSON } = value as { toJSON?: unknown };
  if (typeof toJSON !== 'function' || toJSON === dateToJSON || toJSON === Buffer.prototype.toJSON) return undefined;
  // That of another realm's Date is another function.
  return types.isDate(value) && isNative(toJSON) ? undefined : (toJSON as ToJSON);
}

/** Whether it is of a built-in class that is kept, or of a subclass. */
export function isKept(value: object): boolean {
  return (
    ArrayBuffer.isView(value) ||
    types.isDate(value) ||
    types.isSet(value) ||
    types.isRegExp(value) ||
    types.isNativeError(value) ||
    types.isArrayBuffer(value)
  );
}

/** What is packed of an object that {@link isKept}. */
export function copyOfKept(value: object, prototype: object, copyMember: CopyMember): object {
  if (ArrayBuffer.isView(value)) return copyOfView(value, prototype);
  if (types.isDate(value)) return new BuiltInDate(Date.prototype.getTime.call(value));
  if (types.isSet(value)) return copyOfSet(value, copyMember);
  if (types.isNativeError(value)) return copyOfError(value, prototype, copyMember);
  if (types.isArrayBuffer(value)) return Uint8Array.prototype.slice.call(new Uint8Array(value)).buffer;
  const { source, flags } = new RegExp(value as RegExp);
  return new RegExpParts([source, flags]);
}

function copyOfSet(value: ReadonlySet<unknown>, copyMember: CopyMember): SetParts {
  const members: unknown[] = []; // all of them first: code that runs on the way may add more without end
  Set.prototype.forEach.call(value, (member) => members.push(member));
  return new SetParts(members.map(copyMember));
}

function copyOfError(value: Error, prototype: object, copyMember: CopyMember): ErrorParts {
  const type = builtInClassOf(prototype);
  if (!ERROR_CLASSES.has(type) || tagOf(value) !== 'Error') {
    throw new Refusal(`an error of the class ${type ?? tagOf(value)} cannot be encoded: give plain data`);
  }
  const { name, message, cause } = value;
  if (typeof name !== 'string' || typeof message !== 'string') {
    throw new Refusal('an error whose name or message is no string cannot be encoded');
  }
  copyMember(name, 'name');
  copyMember(message, 'message');
  return new ErrorParts(cause === undefined ? [name, message] : [name, message, copyMember(cause, 'cause')]);
}

type Getter<V> = (this: unknown) => V;

/** A getter of a built-in class, which no property of a value can hide. */
function getterOf<V>(prototype: object, name: string | symbol): Getter<V> {
  return Object.getOwnPropertyDescriptor(prototype, name)?.get as Getter<V>;
}

function viewGetters(prototype: object) {
  return {
    buffer: getterOf<ArrayBuffer>(prototype, 'buffer'),
    byteOffset: getterOf<number>(prototype, 'byteOffset'),
    byteLength: getterOf<number>(prototype, 'byteLength'),
  };
}

const typedArrayPrototype: object = Object.getPrototypeOf(Uint8Array.prototype);
/** The name of the class that made a typed array; undefined for any other value. */
const typeOfArray = getterOf<string | undefined>(typedArrayPrototype, Symbol.toStringTag);
const ofTypedArray = viewGetters(typedArrayPrototype);
const ofDataView = viewGetters(DataView.prototype);

type ViewClass = new (buffer: ArrayBuffer, offset: number, length: number) => ArrayBufferView;

const VIEW_TYPES = [
  ...['Int8', 'Int16', 'Int32', 'BigInt64', 'Float32', 'Float64'],
  ...['Uint8', 'Uint8Clamped', 'Uint16', 'Uint32', 'BigUint64'],
].map((type) => `${type}Array`);

/** msgpackr stores the name of a view's constructor, and the bytes: classes of bytes with these names do for all realms. */
const VIEWS: ReadonlyMap<string, ViewClass> = new Map<string, ViewClass>([
  ...VIEW_TYPES.map((name): [string, ViewClass] => {
    const View = class extends Uint8Array {};
    Object.defineProperty(View, 'name', { value: name });
    return [name, View];
  }),
  ['DataView', DataView],
]);

/** What msgpackr takes for a Buffer. One is made in half the time of a Buffer. */
class BytesOfBuffer extends Uint8Array {}
Object.defineProperty(BytesOfBuffer.prototype, 'constructor', { value: Buffer });

/** The prototypes of this realm's views, by the names of their classes: to read the text of a constructor takes longer. */
const VIEW_PROTOTYPES: ReadonlyMap<object, string> = new Map(
  [...VIEWS.keys()].map((name) => [
    (globalThis as unknown as Record<string, { prototype: object }>)[name]?.prototype ?? {},
    name,
  ]),
);

/** The same bytes, where they lie. */
function copyOfView(value: ArrayBufferView, prototype: object): ArrayBufferView {
  const isBuffer = prototype === Buffer.prototype;
  const type = typeOfArray.call(value);
  const name = type ?? 'DataView';
  if (!isBuffer && (VIEW_PROTOTYPES.get(prototype) ?? nativeConstructorOf(prototype)) !== name) {
    throw new Refusal(`a view of the class ${nameOf(prototype)} cannot be encoded: give a Uint8Array`);
  }
  const View = isBuffer ? BytesOfBuffer : VIEWS.get(name);
  if (View === undefined) throw new Refusal(`a ${name} cannot be encoded: give its bytes`);
  const { buffer, byteOffset, byteLength } = type === undefined ? ofDataView : ofTypedArray;
  const length = byteLength.call(value);
  if (length === 0 && type !== undefined && isGone(value as Uint8Array)) {
    throw new Refusal(`a ${name} whose buffer is detached cannot be encoded`);
  }
  return new View(buffer.call(value), byteOffset.call(value), length);
}

// Each has state that is not in its properties. Other classes of the language are told by their constructor, or their tag.
const HIDDEN_STATE = Object.entries({
  Map: types.isMap,
  Set: types.isSet,
  Date: types.isDate,
  RegExp: types.isRegExp,
  Error: types.isNativeError,
  WeakMap: types.isWeakMap,
  WeakSet: types.isWeakSet,
  Promise: types.isPromise,
  'boxed primitive': types.isBoxedPrimitive,
  generator: types.isGeneratorObject,
  ArrayBuffer: types.isAnyArrayBuffer,
  view: ArrayBuffer.isView,
  'Map Iterator': types.isMapIterator,
  'Set Iterator': types.isSetIterator,
  'value of native code': types.isExternal,
});

/** All of HIDDEN_STATE, one by one: in a loop over functions V8 takes six times as long. */
function hasHiddenState(value: object): boolean {
  return (
    types.isMap(value) ||
    types.isSet(value) ||
    types.isDate(value) ||
    types.isRegExp(value) ||
    types.isNativeError(value) ||
    types.isWeakMap(value) ||
    types.isWeakSet(value) ||
    types.isPromise(value) ||
    types.isBoxedPrimitive(value) ||
    types.isGeneratorObject(value) ||
    types.isAnyArrayBuffer(value) ||
    ArrayBuffer.isView(value) ||
    types.isMapIterator(value) ||
    types.isSetIterator(value) ||
    types.isExternal(value)
  );
}

/** @throws Refusal for an object of a class that is not a user's own */
export function refuseBuiltIns(value: object, prototype: object | null): void {
  if (hasHiddenState(value)) {
    const [name] = HIDDEN_STATE.find(([, isOfIt]) => isOfIt(value)) as [string, unknown];
    throw new Refusal(refusedObject(name));
  }
  if (prototype === null) return;
  const tag = tagOf(value);
  if (tag !== 'Object') throw new Refusal(refusedObject(tag));
  const type = builtInClassOf(prototype);
  if (type !== undefined) throw new Refusal(refusedObject(type));
}

function refusedObject(type: string): string {
  return `an object of the type ${type} cannot be encoded: give plain data, or a codec of your own`;
}

function tagOf(value: object): string {
  return Object.prototype.toString.call(value).slice('[object '.length, -1);
}

/** More than any chain of classes has: a proxy can make one that has no end. */
const MAX_CHAIN = 1000;

/** Prototypes with no such class above them: reading the text of functions takes longer than to pack an entry. */
const usersOwn = new WeakSet<object>();

/** The nearest class that is not written in JavaScript, but for Object. */
function builtInClassOf(prototype: object): string | undefined {
  if (usersOwn.has(prototype)) return undefined;
  let link: object | null = prototype;
  for (let i = 0; link !== null && !isPlainPrototype(link); i++) {
    const name = nativeConstructorOf(link);
    if (name !== undefined) return name;
    if (i === MAX_CHAIN) throw new Refusal('an object with an endless chain of prototypes cannot be encoded');
    link = Object.getPrototypeOf(link);
  }
  usersOwn.add(prototype);
  return undefined;
}

function nativeConstructorOf(prototype: object): string | undefined {
  const type: unknown = Object.getOwnPropertyDescriptor(prototype, 'constructor')?.value;
  return typeof type === 'function' && isNative(type) ? type.name : undefined;
}

function nameOf(prototype: object): string {
  const type: unknown = Object.getOwnPropertyDescriptor(prototype, 'constructor')?.value;
  return typeof type === 'function' ? type.name : 'without a name';
}

// biome-ignore lint/complexity/noBannedTypes: any function
function isNative(value: Function): boolean {
  return Function.prototype.toString.call(value).endsWith('{ [native code] }');
}
