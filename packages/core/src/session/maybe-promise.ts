/** A value, or a promise of it where somebody has to be asked: a warm guard answers without a turn of the event loop. */
export type MaybePromise<T> = T | Promise<T>;

/** Not `instanceof`: an application may have another Promise. */
export function isPromise<T>(value: MaybePromise<T>): value is Promise<T> {
  return typeof (value as Partial<Promise<T>> | undefined)?.then === "function";
}
