import vue from '@vitejs/plugin-vue';
import { defineConfig } from 'vite';

// `npm run dev` shows changes at once, on the services of a running bank.
const bank = process.env.BANK_ORIGIN ?? 'http://localhost:8080';
const services = ['/auth', '/transactions', '/cards', '/statements', '/rates'];

export default defineConfig({
  plugins: [vue()],
  define: { __VUE_OPTIONS_API__: false },
  build: {
    // The Content-Security-Policy allows neither inline scripts nor data: URLs.
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
  },
  server: { proxy: Object.fromEntries(services.map((path) => [path, bank])) },
});
