/** Any number of rows of one height: only those in sight are in the document. */
import { useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';

const BEYOND = 10;

export function VirtualRows(props: {
  readonly name: string;
  readonly count: number;
  /** px */
  readonly rowHeight: number;
  /** The first row: titles of the columns. */
  readonly head: ComponentChildren;
  readonly row: (index: number) => ComponentChildren;
  readonly onShow: (first: number, last: number) => void;
  /** Below the last row. */
  readonly end?: ComponentChildren;
}) {
  const { name, count, rowHeight, head, row, onShow, end } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const range = useSignal({ first: 0, last: 40 });

  useEffect(() => {
    const element = scroller.current;
    if (element === null) return;
    const measure = () => {
      const first = Math.max(0, Math.floor(element.scrollTop / rowHeight) - BEYOND);
      const last = Math.ceil((element.scrollTop + element.clientHeight) / rowHeight) + BEYOND;
      const { value } = range;
      if (value.first !== first || value.last !== last) range.value = { first, last };
    };
    measure();
    element.addEventListener('scroll', measure, { passive: true });
    const resized = new ResizeObserver(measure);
    resized.observe(element);
    return () => {
      element.removeEventListener('scroll', measure);
      resized.disconnect();
    };
  }, [rowHeight]);

  const { first, last } = range.value;
  const shownLast = Math.min(count, last);
  useEffect(() => onShow(first, shownLast), [first, shownLast, count]);

  const indexes = Array.from({ length: Math.max(0, shownLast - first) }, (_, at) => first + at);
  return (
    <div ref={scroller} class="virtual" role="table" aria-label={name} aria-rowcount={count + 1} tabIndex={0}>
      <div role="rowgroup" class="virtual-head">
        {head}
      </div>
      <div role="rowgroup" class="virtual-body" style={{ height: `${count * rowHeight}px` }}>
        {indexes.map((index) => (
          <div
            key={index}
            role="row"
            aria-rowindex={index + 2}
            class="virtual-row"
            style={{ height: `${rowHeight}px`, transform: `translateY(${index * rowHeight}px)` }}
          >
            {row(index)}
          </div>
        ))}
      </div>
      {end}
    </div>
  );
}
