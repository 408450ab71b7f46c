import { useInViewport } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import type { CampusFile } from '../../api/types';
import classes from './files.module.css';
import { signedAddress, viewOf } from './queries';

/** The images that the campus makes small. */
const PICTURED = ['image/png', 'image/jpeg', 'image/gif', 'image/webp'];

/** A small picture of an image, once it comes into view; of anything else what stands for it. */
export function Thumbnail({ file, fallback }: { file: CampusFile; fallback: ReactNode }) {
  const pictured = PICTURED.includes(file.type);
  const { ref, inViewport } = useInViewport<HTMLSpanElement>();
  const [broken, setBroken] = useState(false);
  const address = useQuery({
    queryKey: ['files', 'thumbnail', file.id],
    queryFn: () => signedAddress(file.id),
    enabled: pictured && inViewport,
    // The address is good for ten minutes, the picture that it brought for longer.
    staleTime: 8 * 60_000,
    refetchOnWindowFocus: false,
    refetchOnReconnect: false,
    retry: false,
  });
  return (
    <span ref={ref} className={classes.thumbnail}>
      {address.data !== undefined && !broken ? (
        <img src={viewOf(address.data, 'thumbnail')} alt="" loading="lazy" onError={() => setBroken(true)} />
      ) : (
        fallback
      )}
    </span>
  );
}
