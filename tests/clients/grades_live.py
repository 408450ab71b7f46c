"""python-socketio: the live total of grades comes to equal SQL's count; a student does not get to see the newest."""

import asyncio
import os
import random

import aiohttp
import socketio

URL, TOKEN = os.environ["BEDEL_URL"], os.environ["BEDEL_TOKEN"]
RECORDS, PATIENCE = 100, 30
GROUP = {"curso": "SA", "semestre": "2S", "year": 2022}


async def connect(token):
    client = socketio.AsyncClient(reconnection=False)
    events = asyncio.Queue()
    client.on("event", events.put, namespace="/live")
    await client.connect(URL, auth={"token": token}, namespaces=["/live"], transports=["websocket"])
    return client, events


async def subscribe(client, topic, params=None):
    asked = {"topic": topic, "params": params or {}}
    return await client.call("subscribe", asked, namespace="/live", timeout=PATIENCE)


async def until(events, wanted):
    async with asyncio.timeout(PATIENCE):
        while not wanted(event := await events.get()):
            pass
    return event["data"]


async def student(http):
    name, password = f"estudiante{random.randrange(10**9)}", "a-long-enough-password"
    person = {"username": name, "password": password, "name": "Ana", "email": f"{name}@example.org"}
    async with http.post("/api/v1/auth/register", json=person) as answer:
        assert answer.status == 201, await answer.text()
    async with http.post("/api/v1/auth/login", json={"username": name, "password": password}) as answer:
        return (await answer.json())["access_token"]


async def main():
    async with aiohttp.ClientSession(URL) as http:
        headers = {"Authorization": "Bearer " + TOKEN}
        client, events = await connect(TOKEN)
        assert await subscribe(client, "grades.total") == {"ok": True}
        before = (await until(events, lambda event: event["topic"] == "grades.total"))["count"]
        first = random.randrange(10**9, 10**12)

        async def post(place):
            grade = GROUP | {"carnet": first + place, "nombre": f"Alumna {place}", "nota": 80}
            route = f"/api/v1/grades/route{1 + place % 2}"
            async with http.post(route, json=grade, headers=headers) as answer:
                assert answer.status == 201, await answer.text()
                return answer.headers["X-Bedel-Route"]

        routes = await asyncio.gather(*map(post, range(RECORDS)))
        assert routes == ["grpc", "redis"] * (RECORDS // 2), "each by the route that was asked for"
        await until(events, lambda event: event["data"]["count"] == before + RECORDS)
        assert await subscribe(client, "grades.count", GROUP) == {"ok": True}
        counted = await until(events, lambda event: event["topic"] == "grades.count")
        assert counted["count"] >= RECORDS and counted.keys() == {"count"}, counted
        await client.disconnect()

        client, events = await connect(await student(http))
        assert (await subscribe(client, "grades.recent"))["code"] == "forbidden"
        assert await subscribe(client, "grades.total") == {"ok": True}
        total = (await until(events, lambda event: event["topic"] == "grades.total"))["count"]
        assert total >= before + RECORDS
        await client.disconnect()
    print(f"{total} grades in all")


asyncio.run(main())
