import { createApp } from 'vue';
import App from './App.vue';
import './styles/base.css';
import './styles/frame.css';
import './styles/boxes.css';
import './styles/forms.css';
import './styles/tables.css';
import './styles/interaction.css'; // overrides what stands before it

createApp(App).mount('#app');
