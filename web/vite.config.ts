/// <reference types="vitest/config" />
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

const campus = process.env.BEDEL_URL ?? 'http://127.0.0.1:8080';

/** The campus' own addresses, for `npm run dev` and `vite preview`. */
const proxy = {
  '/api/v1': campus,
  '/api/openapi.json': campus,
  '/socket.io': { target: campus, ws: true },
};

export default defineConfig({
  plugins: [react()],
  server: {
    host: '127.0.0.1',
    proxy,
  },
  preview: { host: '127.0.0.1', proxy },
  build: {
    target: 'es2022',
    manifest: true,
    chunkSizeWarningLimit: 2000,
    rollupOptions: { input: { index: 'index.html', docs: 'docs.html' } },
  },
  test: { include: ['src/**/*.test.ts'], environment: 'node' },
});
