import js from '@eslint/js';
import globals from 'globals';

export default [
  { ignores: ['build/', 'deps/', 'prebuilds/', '**/*.ts', '**/*.mts', '**/*.cts'] },
  js.configs.recommended,
  {
    languageOptions: { globals: globals.node },
    rules: {
      eqeqeq: 'error',
      'no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      'no-var': 'error',
      'prefer-const': 'error',
    },
  },
  { files: ['**/*.js', '**/*.cjs'], languageOptions: { sourceType: 'commonjs' } },
];
