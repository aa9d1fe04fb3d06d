import { serve } from './express_service.mjs';
import { require } from './service.mjs';

await serve(require('express'), '/{*any}');
