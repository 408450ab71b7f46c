import {
  IconFile,
  IconFileText,
  IconFileTypePdf,
  IconFileZip,
  IconMovie,
  IconMusic,
  IconPhoto,
} from '@tabler/icons-react';
import classes from './files.module.css';

const ARCHIVES = /zip|tar|gzip|compressed|7z|rar/;

/** Decorative: the type stands beside it in words. */
export function FileIcon({ type }: { type: string }) {
  const Icon = (() => {
    if (type.startsWith('video/')) return IconMovie;
    if (type.startsWith('audio/')) return IconMusic;
    if (type.startsWith('image/')) return IconPhoto;
    if (type === 'application/pdf') return IconFileTypePdf;
    if (ARCHIVES.test(type)) return IconFileZip;
    if (type.startsWith('text/')) return IconFileText;
    return IconFile;
  })();
  return (
    <span className={classes.icon} aria-hidden>
      <Icon size={20} stroke={1.5} />
    </span>
  );
}
