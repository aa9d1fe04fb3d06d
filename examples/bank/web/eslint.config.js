// For all of the bank's JavaScript and TypeScript: `npm run lint` runs it here, where Vue's parser finds its own espree and not
// one of the distribution's, and in the folder above.
import js from '@eslint/js';
import vue from 'eslint-plugin-vue';
import globals from 'globals';
import typescript from 'typescript-eslint';

const rules = {
  eqeqeq: 'error',
  'no-var': 'error',
  'prefer-const': 'error',
  '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
};

const layout = {
  'vue/html-self-closing': 'off',
  'vue/max-attributes-per-line': 'off',
  'vue/multi-word-component-names': 'off',
  'vue/multiline-html-element-content-newline': 'off',
  'vue/require-default-prop': 'off',
  'vue/singleline-html-element-content-newline': 'off',
};

export default typescript.config(
  { ignores: ['**/dist/'] },
  js.configs.recommended,
  typescript.configs.recommended,
  vue.configs['flat/recommended'],
  { rules: { ...rules, ...layout } },
  {
    files: ['src/**'],
    languageOptions: { globals: globals.browser, parserOptions: { parser: typescript.parser } },
    rules: { 'no-restricted-globals': ['error', 'localStorage', 'sessionStorage'], 'vue/no-v-html': 'error' },
  },
  { files: ['cards/**', '*.{js,ts}'], languageOptions: { globals: globals.node } },
  // What page.evaluate() is given runs in the browser.
  { files: ['tests/**'], languageOptions: { globals: { ...globals.node, ...globals.browser } } },
);
