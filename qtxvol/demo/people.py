"""Invented people. Names are put together by chance, and no such telephone number is in service: 1990000xxxx.

Identity numbers hold together (the county's area code, a date, the check digit), but their serial numbers are 990 to
999, which registries do not give out in practice.
"""

import random
from collections.abc import Iterator, Sequence
from datetime import date, timedelta

from stdnum.cn import ric

from qtxvol.volunteers.availability import SLOTS

#: Common surnames of the region, the commonest several times.
_SURNAMES = (
    "王李张刘陈杨赵黄周吴徐孙马马马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程魏苏吕丁任沈姚卢姜崔钟谭陆汪范金石"
    "廖贾夏韦付方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严武戴莫孔向汤哈纳杨马丁"
)
_FIRST = "建国文志海玉晓春秀丽雅思明永立宏学振桂兰淑凤雪梦子佳俊浩宇泽静婷慧敏倩瑞嘉晨欣怡若天润向金银长少克洪兴富广"
_SECOND = "军平华强斌涛鹏龙飞宁伟刚林峰辉亮霞梅芳萍玲红燕娟英琴花莲洁蓉瑶琪涵轩睿博远航成义民生福祥云山川河泉荣"

#: What people are called on lists of a school, a hospital and so on; the first that fits a skill is taken.
_TITLES = {
    "clinician": ("主治医师", "副主任医师", "主管护师", "全科医生"),
    "pharmacist": ("主管药师", "执业药师"),
    "counsellor": ("心理咨询师",),
    "teacher": ("一级教师", "高级教师"),
    "agronomist": ("农艺师", "高级农艺师"),
    "viticulture": ("农艺师", "林果技术员"),
    "veterinarian": ("兽医师", "高级兽医师"),
    "safety_engineer": ("注册安全工程师",),
    "fire_safety": ("消防宣传员",),
    "researcher": ("高级工程师", "研究员"),
    "vocational_trainer": ("高级技师",),
}


class People:
    """A well of invented people. The same generator gives the same people."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._tails: Iterator[int] = iter(rng.sample(range(10_000), 10_000))
        # of its own: what is invented about a person changes nothing in who that is
        self._details = random.Random(640381)
        self._ids: set[str] = set()

    def name(self) -> str:
        """Surname and a given name of one or two characters."""
        surname, second = self._rng.choice(_SURNAMES), self._rng.choice(_SECOND)
        return surname + second if self._rng.random() < 0.18 else surname + self._rng.choice(_FIRST) + second

    def elder(self) -> str:
        """How an older person gives a name on the phone: 王阿姨."""
        return self._rng.choice(_SURNAMES) + self._rng.choice(("阿姨", "大爷", "师傅", "奶奶"))

    def phone(self) -> str:
        """Digits that nobody answers, each once.

        :raise StopIteration: after ten thousand.
        """
        return f"1990000{next(self._tails):04d}"

    def born(self, today: date) -> date:
        """Between 20 and 68 years ago."""
        return today - timedelta(days=self._details.randint(20 * 366, 68 * 365))

    def resident_id(self, birth_on: date) -> str:
        """A number of the county that holds together, each once."""
        while True:
            body = f"640381{birth_on:%Y%m%d}{self._details.randint(990, 999)}"
            number = body + ric.calc_check_digit(body + "0")
            if number not in self._ids:
                self._ids.add(number)
                return number
            birth_on -= timedelta(days=1)

    def slots(self) -> list[str]:
        """When such a person has time: weekends, or an afternoon."""
        weekend = [slot for slot in SLOTS if slot.startswith(("sat", "sun"))]
        free = set(self._details.sample(weekend, 2)) | set(self._details.sample(SLOTS, self._details.randint(0, 3)))
        return [slot for slot in SLOTS if slot in free]

    def pick(self, choices: Sequence[str]) -> str:
        """One of them; changes nothing in who people are."""
        return self._details.choice(choices)

    def chance(self, share: float) -> bool:
        """True for that share of people."""
        return self._details.random() < share

    def title(self, skills: list[str]) -> str:
        """What such a person may be by trade; empty when the skill is not a trade."""
        return next((self._details.choice(_TITLES[skill]) for skill in skills if skill in _TITLES), "")
