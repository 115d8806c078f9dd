import { createFileRoute } from '@tanstack/react-router'

export const Route = createFileRoute('/')({
  component: () => <p>Kinde posts to /webhooks/kinde.</p>,
})
