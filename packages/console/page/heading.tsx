import type { ComponentChildren, JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";

let isFirst = true;

/** The heading of a screen. It takes the focus when the screen comes up, so that a screen reader says where one is. */
export function Heading(props: { readonly class?: string; readonly children: ComponentChildren }): JSX.Element {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    if (!isFirst) heading.current?.focus();
    isFirst = false;
  }, []);
  return <h1 ref={heading} tabIndex={-1} {...props} />;
}
