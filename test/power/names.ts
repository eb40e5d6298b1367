// Which names the files and folders of a disk have.

import { type DiskFile, type DiskFolder, isFolder } from './disk-tree.js';
import type { NodeNumber, Operation, Recording } from './recording.js';

export type NamesOperation = Extract<Operation, { type: 'create' | 'mkdir' | 'link' | 'remove' | 'rename' }>;

export class Names {
  readonly #root: NodeNumber;
  readonly #folders = new Map<NodeNumber, Map<string, NodeNumber>>();

  /** Those that were there when a recording began. */
  static before({ root, before }: Pick<Recording, 'root' | 'before'>): Names {
    const names = new Names(root);
    const numbers = new Map([...before].map(([number, node]) => [node, number]));
    for (const [number, node] of before) {
      if (!isFolder(node)) continue;
      const entries = [...node.entries].map(([name, child]) => [name, numbers.get(child) as NodeNumber] as const);
      names.#folders.set(number, new Map(entries));
    }
    return names;
  }

  private constructor(root: NodeNumber) {
    this.#root = root;
    this.#folders.set(root, new Map());
  }

  /** Also where an earlier one, on which it rests, was not done: the name is there then all the same. */
  do(operation: NamesOperation): void {
    switch (operation.type) {
      case 'mkdir':
      case 'create':
      case 'link':
        if (operation.type === 'mkdir') this.#in(operation.node);
        this.#in(operation.folder).set(operation.name, operation.node);
        break;
      case 'remove':
        this.#take(operation.folder, operation.name, operation.node);
        break;
      case 'rename':
        this.#take(operation.folder, operation.name, operation.node);
        this.#in(operation.to).set(operation.newName, operation.node);
        break;
    }
  }

  #in(folder: NodeNumber): Map<string, NodeNumber> {
    const entries = this.#folders.get(folder) ?? new Map<string, NodeNumber>();
    this.#folders.set(folder, entries);
    return entries;
  }

  /** Unless something else has the name. */
  #take(folder: NodeNumber, name: string, node: NodeNumber): void {
    if (this.#in(folder).get(name) === node) this.#in(folder).delete(name);
  }

  /** The disk with these names, and what `contentOf` says is in each file. */
  disk(contentOf: (file: NodeNumber) => DiskFile): DiskFolder {
    const build = (folder: ReadonlyMap<string, NodeNumber>): DiskFolder => {
      const entries = [...folder].map(([name, node]) => {
        const children = this.#folders.get(node);
        return [name, children === undefined ? contentOf(node) : build(children)] as const;
      });
      return { entries: new Map(entries) };
    };
    return build(this.#in(this.#root));
  }
}
