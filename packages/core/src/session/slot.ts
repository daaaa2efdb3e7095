/** A value for some objects. */
export interface Slot<T> {
  has(object: object): boolean;
  get(object: object): T | undefined;
  set(object: object, value: T): void;
}

function give(object: object): object {
  return object;
}
/** A constructor that constructs nothing: what extends it puts its private fields on the object it is given. */
const Given = give as unknown as new (object: object) => object;

/**
 * Like a `WeakMap`, but each value lies in a private field of its object (ECMA-262, PrivateFieldAdd): as unseen, never
 * copied, and gone with it. An entry of a weak map costs a request more than anything else that a warm guard does, and
 * the garbage collector as much again.
 */
export function slot<T>(): Slot<T> {
  class Field extends Given {
    #value: T;
    constructor(object: object, value: T) {
      super(object);
      this.#value = value;
    }
    static has(object: object): object is Field {
      return #value in object;
    }
    static get(object: object): T | undefined {
      return #value in object ? object.#value : undefined;
    }
    static set(object: object, value: T): void {
      if (#value in object) object.#value = value;
      else void new Field(object, value);
    }
  }
  return Field;
}
