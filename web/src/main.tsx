import './mantine.css';
import './portal.css';
import { localStorageColorSchemeManager, MantineProvider } from '@mantine/core';
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { ApiError, NoAnswer } from './api/problem';
import { session } from './features/session/browser';
import { startTranslations } from './i18n';
import { router } from './shell/router';
import { Toasts } from './shell/Toasts';
import { theme, variables } from './theme';

const queries = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 5_000,
      retry: (count, error) => count < 2 && (error instanceof NoAnswer || (error instanceof ApiError && error.passing)),
      retryDelay: (count, error) => (error instanceof ApiError && error.retryAfter) || 500 * 2 ** count,
      refetchOnWindowFocus: true,
    },
  },
});

const schemes = localStorageColorSchemeManager({ key: 'bedel.appearance' });

session.subscribe(() => {
  if (session.state.kind === 'signed-out') queries.clear();
  void router.invalidate();
});
session.restore();

const root = document.getElementById('root');
if (root !== null) {
  void startTranslations().then(() => {
    createRoot(root).render(
      <StrictMode>
        <MantineProvider
          theme={theme}
          cssVariablesResolver={variables}
          colorSchemeManager={schemes}
          defaultColorScheme="auto"
        >
          <QueryClientProvider client={queries}>
            <RouterProvider router={router} />
            <Toasts />
          </QueryClientProvider>
        </MantineProvider>
      </StrictMode>,
    );
  });
}
