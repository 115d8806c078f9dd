export default function Home() {
  return <p>Kinde posts to /api/webhooks/kinde.</p>
}
