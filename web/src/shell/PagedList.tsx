import { Button, Skeleton } from '@mantine/core';
import { IconSearchOff } from '@tabler/icons-react';
import type { InfiniteData, UseInfiniteQueryResult } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { ListEnd } from './ListEnd';
import classes from './records.module.css';
import { Blank, Failure } from './states';

interface PagedListProps<T> {
  list: UseInfiniteQueryResult<InfiniteData<{ items: T[] }>>;
  /** While it comes. */
  skeleton: ReactNode;
  /** Instead of an empty list. */
  blank: ReactNode;
  /** It is a small part of its page. */
  compact?: boolean;
  /** Its end goes without saying. */
  short?: boolean;
  children: (items: T[]) => ReactNode;
}

/** A list that comes page by page: what stands there while it comes, when it does not, when there is nothing, and at its end. */
export function PagedList<T>({ list, skeleton, blank, compact = false, short = false, children }: PagedListProps<T>) {
  const items = list.data?.pages.flatMap((page) => page.items) ?? [];
  const again = () => void list.refetch();
  if (list.isPending) return skeleton;
  if (list.isError && items.length === 0) {
    return <Failure compact={compact} error={list.error} retry={again} />;
  }
  if (items.length === 0) return blank;
  const more = () => void list.fetchNextPage();
  return (
    <>
      {children(items)}
      {list.isError ? (
        <Failure compact error={list.error} retry={list.isFetchNextPageError ? more : again} />
      ) : short && !list.hasNextPage ? null : (
        <ListEnd more={list.hasNextPage} loading={list.isFetchingNextPage} load={more} />
      )}
    </>
  );
}

/** Nothing matches the filters. */
export function NoMatch({ title, clear }: { title: string; clear: () => void }) {
  const { t } = useTranslation();
  return (
    <Blank
      icon={<IconSearchOff size={40} stroke={1.25} aria-hidden />}
      title={title}
      body={t('files.nothingFoundBody')}
      action={
        <Button variant="default" onClick={clear}>
          {t('files.clearFilters')}
        </Button>
      }
    />
  );
}

const WIDTHS = ['70%', '55%', '80%', '62%', '48%'];

/** Rows of two lines, before they are there. */
export function RowSkeletons({ below = '30%' }: { below?: string }) {
  return (
    <div className={classes.skeletons} aria-hidden>
      {WIDTHS.map((width) => (
        <div key={width}>
          <Skeleton height={12} width={width} mb={8} />
          <Skeleton height={10} width={below} />
        </div>
      ))}
    </div>
  );
}
