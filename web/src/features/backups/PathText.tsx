import { Fragment } from 'react';

/** A path that breaks between its parts where there is no room for it. */
export function PathText({ path }: { path: string }) {
  const parts = path.split(/(?<=\/)/);
  return parts.map((part, place) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: each is a place
    <Fragment key={place}>
      {part}
      <wbr />
    </Fragment>
  ));
}
