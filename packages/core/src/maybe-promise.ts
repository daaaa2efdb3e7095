/** A value, or a promise of it where somebody has to be asked: what is known is answered without a turn of the event loop. */
export type MaybePromise<T> = T | Promise<T>;

/** Not `instanceof`: an application may have another Promise. */
export function isPromise<T>(value: MaybePromise<T>): value is Promise<T> {
  return typeof (value as Partial<Promise<T>> | undefined)?.then === "function";
}

/** Goes on with a value, at once where it is there. */
export function andThen<T, R>(value: MaybePromise<T>, next: (value: T) => MaybePromise<R>): MaybePromise<R> {
  return isPromise(value) ? value.then(next) : next(value);
}
