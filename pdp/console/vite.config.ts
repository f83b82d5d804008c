import { defineConfig } from 'vite';

// The output meets `default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'`: no inline script or style, no data: URL,
// nothing from elsewhere.
export default defineConfig({
  base: '/console/',
  esbuild: { jsx: 'automatic', jsxImportSource: 'preact' },
  build: {
    outDir: process.env['PORTREEVE_CONSOLE_OUT'] ?? '../../build/console',
    emptyOutDir: true,
    target: 'es2022',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
});
