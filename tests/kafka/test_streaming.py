"""The metrics of streaming workers are a fold of the logs, whatever happens to the workers."""

from runtime.kafka_server import KafkaServer
from tests.support.metrics_history import history
from tests.support.postgres import TestServer
from tests.support.streaming import trading, working


async def test_a_clean_run_comes_to_a_fold_of_the_logs(postgres: TestServer, own_kafka: KafkaServer) -> None:
    async with trading(postgres, own_kafka.bootstrap) as trade:
        await trade.tell(history(1))
        async with working(trade.worker()):
            await trade.heard_everything()
            await trade.tell(history(2, tag="-b"))
            await trade.heard_everything()
            await trade.answers_are_a_fold_of_the_logs()
