"""The ways out of the house: mail, SMS, the robots of group chats, webhooks. Each carries one message and says honestly
what became of it. Who is told what, and in which words, is decided in `notices/`."""
