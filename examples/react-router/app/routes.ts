import { index, type RouteConfig, route } from '@react-router/dev/routes'

export default [index('routes/home.tsx'), route('webhooks/kinde', 'routes/webhooks.kinde.ts')] satisfies RouteConfig
