/** That a part of a value cannot be encoded, and why. It is thrown from the part outwards and gathers the way to it. */
export class Refusal {
  readonly #reason: string;
  readonly #cause: unknown;
  #path = '';

  constructor(reason: string, cause?: unknown) {
    this.#reason = reason;
    this.#cause = cause;
  }

  /** What was thrown at a part, as a refusal of it: a getter, a `toJSON` or a proxy may throw anything. */
  static from(thrown: unknown): Refusal {
    return thrown instanceof Refusal ? thrown : new Refusal(messageOf(thrown), thrown);
  }

  within(step: string | number): this {
    this.#path = `${shown(step)}${this.#path}`;
    return this;
  }

  /** Names the part: `value.user.tags[3]: …`. */
  toError(): TypeError {
    const message = this.#path === '' ? this.#reason : `value${this.#path}: ${this.#reason}`;
    return new TypeError(message, this.#cause === undefined ? undefined : { cause: this.#cause });
  }
}

const NAME = /^[\p{ID_Start}$_][\p{ID_Continue}$]*(\(\))?$/u;
const LONGEST_SHOWN = 60;

function shown(step: string | number): string {
  if (typeof step === 'number') return `[${step}]`;
  const key = step.length <= LONGEST_SHOWN ? step : `${step.slice(0, LONGEST_SHOWN)}…`;
  return NAME.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`;
}

function messageOf(thrown: unknown): string {
  try {
    return thrown instanceof Error ? String(thrown.message) : String(thrown);
  } catch {
    return 'something that cannot be shown was thrown';
  }
}
