import react from '@vitejs/plugin-react';
import { postern } from 'postern/vite';
import { defineConfig } from 'vite';

export default defineConfig({ plugins: [react(), postern({ allow: ['@acme.com'] })] });
