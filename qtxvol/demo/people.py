"""Invented people. Names are put together by chance, and no such telephone number is in service: 1990000xxxx."""

import random
from collections.abc import Iterator

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

    def title(self, skills: list[str]) -> str:
        """What such a person may be by trade; empty when the skill is not a trade."""
        return next((self._rng.choice(_TITLES[skill]) for skill in skills if skill in _TITLES), "")
