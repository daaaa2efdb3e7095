import type { JSX } from "preact";

const draw = (path: string): (() => JSX.Element) =>
  function Icon() {
    return (
      <svg viewBox="0 0 16 16" aria-hidden="true" class="icon">
        <path d={path} />
      </svg>
    );
  };

export const Sun: () => JSX.Element = draw(
  "M8 5.2a2.8 2.8 0 1 0 0 5.6 2.8 2.8 0 0 0 0-5.6M8 1.5v1M8 13.5v1M1.5 8h1M13.5 8h1M3.4 3.4l.7.7M11.9 11.9l.7.7M3.4 12.6l.7-.7M11.9 4.1l.7-.7",
);
export const Moon: () => JSX.Element = draw("M13.2 9.6A5.6 5.6 0 0 1 6.4 2.8a5.6 5.6 0 1 0 6.8 6.8");
export const Screen: () => JSX.Element = draw("M2 3h12v8H2zM6 14h4M8 11v3");
export const Left: () => JSX.Element = draw("M10 3 5 8l5 5");
export const Right: () => JSX.Element = draw("m6 3 5 5-5 5");
export const Plus: () => JSX.Element = draw("M8 3v10M3 8h10");
export const Cross: () => JSX.Element = draw("m4 4 8 8M12 4l-8 8");
export const Download: () => JSX.Element = draw("M8 2v8M4.5 7 8 10.5 11.5 7M2.5 13.5h11");
export const Undo: () => JSX.Element = draw("M5.5 3 2.5 6l3 3M2.5 6h7a4 4 0 0 1 0 8H6");
export const Bin: () => JSX.Element = draw("M2.5 4h11M6 4V2.5h4V4M4 4l.6 9.5h6.8L12 4M6.7 7v4M9.3 7v4");

/** The mark of the product. */
export function Mark(): JSX.Element {
  return (
    <svg viewBox="0 0 16 16" aria-hidden="true" class="mark">
      <rect width="16" height="16" rx="4" />
      <path d="M5 4.5v4a3 3 0 0 0 6 0v-4" />
    </svg>
  );
}
