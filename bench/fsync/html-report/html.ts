/** Markup. A plain string is text, which is still to be escaped. */
export class Html {
  readonly markup: string;

  constructor(markup: string) {
    this.markup = markup;
  }
}

type Part = string | number | Html | readonly Part[] | undefined;

/** A template whose parts are escaped, unless they are {@link Html} themselves. */
export function html(strings: TemplateStringsArray, ...parts: readonly Part[]): Html {
  return new Html(strings.reduce((markup, string, i) => markup + toMarkup(parts[i - 1]) + string));
}

function toMarkup(part: Part): string {
  if (part instanceof Html) return part.markup;
  if (Array.isArray(part)) return part.map(toMarkup).join('');
  return part === undefined ? '' : String(part).replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
